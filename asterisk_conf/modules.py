"""The Asterisk modules that are loaded, by name; nothing else is (``autoload = no``).

Each tuple stands for a capability, in the order in which modules are loaded.
"""

from __future__ import annotations

SIP = (
    "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_timing_timerfd",
    "res_crypto", "res_pjproject", "res_srtp", "res_http_websocket", "res_rtp_asterisk",
    "res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_caller_id",
    "res_pjsip_rfc3326", "res_pjsip_nat", "res_pjsip_pubsub",
    "res_pjsip_endpoint_identifier_ip", "res_pjsip_endpoint_identifier_user",
    "res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration", "res_pjsip_registrar", "res_pjsip_dlg_options",
    "res_pjsip_header_funcs", "chan_pjsip",
)
BROWSER_PHONES = ("res_pjsip_transport_websocket",)
AUDIO = (
    "codec_alaw", "codec_ulaw", "codec_a_mu", "codec_resample",
    "format_pcm", "format_sln", "format_wav",
    "bridge_simple", "bridge_native_rtp", "bridge_softmix", "bridge_holding",
    "bridge_builtin_features",
)
DIALPLAN = (
    "pbx_config", "app_playback", "app_playtones", "app_userevent", "app_verbose", "app_exec",
    "app_stack", "func_channel", "func_callerid", "func_logic", "func_strings", "func_timeout",
    "func_cdr",
)
EVIDENCE = ("res_cdrel_custom", "cdr_custom", "cel_custom")

# AGI scripts call the conversation's applications by EXEC
CONVERSATION = (
    "res_speech", "res_agi", "res_audiosocket", "app_audiosocket", "chan_audiosocket",
    "app_dial", "res_musiconhold", "app_read",
    "app_record", "app_senddtmf", "app_bridgewait", "app_mixmonitor",
    "chan_bridge_media", "app_chanspy", "func_cut", "func_groupcount", "func_uri",
    "func_periodic_hook", "func_hangupcause", "func_global", "func_uuid", "func_math",
    "func_talkdetect", "func_devstate", "func_pjsip_contact", "func_pjsip_aor",
    "func_pjsip_endpoint", "app_waitforsilence", "res_mutestream",
)

NODE = (*SIP, *BROWSER_PHONES, *AUDIO, *DIALPLAN, *EVIDENCE, *CONVERSATION)
