"""What is said on the phone: texts by language, read aloud into sound files."""

from ivr.prompts.book import Prepared, PromptBook
from ivr.prompts.campaign import campaign_prompts
from ivr.prompts.prompt import Prompt
from ivr.prompts.voice import EspeakVoice, Voice

__all__ = ["EspeakVoice", "Prepared", "Prompt", "PromptBook", "Voice", "campaign_prompts"]
