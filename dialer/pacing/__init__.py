"""p"""
from dialer.pacing.situation import Situation, calls_to_place
