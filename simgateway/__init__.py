"""A simulated voice gateway: a second Asterisk whose dialplan plays patients and headset agents."""
