"""Asterisk's manager interface (AMI): one kept connection to one node."""

from .client import AmiClient, ChannelInfo, ContactInfo, CoreStatus
from .connection import AmiState
from .errors import AmiDisconnected, AmiError, AmiInjection, AmiRefused, AmiTimeout
from .messages import AmiEvent, AmiReply, OriginateRequest, originate_channel_id

__all__ = [
    "AmiClient", "AmiDisconnected", "AmiError", "AmiEvent", "AmiInjection", "AmiRefused",
    "AmiReply", "AmiState", "AmiTimeout", "ChannelInfo", "ContactInfo", "CoreStatus",
    "OriginateRequest", "originate_channel_id",
]
