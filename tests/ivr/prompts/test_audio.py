"""Any WAV becomes what the telephone plays."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.prompts.audio import resample, telephone_wav
from ivr.prompts.errors import BadRecording
from tests.ivr.prompts.sounds import measure, tone


@pytest.mark.parametrize(("rate", "channels", "width"), [
    (8000, 1, 2), (44100, 2, 2), (22050, 1, 2), (48000, 2, 3), (16000, 1, 1), (11025, 1, 4)])
def test_any_rate_width_and_channels(rate: int, channels: int, width: int) -> None:
    heard = measure(telephone_wav(tone(440, 1.0, rate, channels, width)))
    assert (heard.rate, heard.channels, heard.width) == (8000, 1, 2)
    assert heard.seconds == pytest.approx(1.0, abs=0.03)
    spectrum = np.abs(np.fft.rfft(heard.samples))
    assert spectrum.argmax() / heard.seconds == pytest.approx(440, abs=3)


@pytest.mark.parametrize("loudness", [0.01, 0.1, 0.99])
def test_one_loudness_without_clipping(loudness: float) -> None:
    heard = measure(telephone_wav(tone(loudness=loudness)))
    assert -20 < heard.loudness < -16
    assert heard.peak < 0.95


def test_sharp_peaks_bend_and_do_not_clip() -> None:
    noise = np.random.default_rng(1).laplace(0, 0.05, 8000).clip(-1, 1)
    source = bytearray(tone(seconds=1.0))
    source[44:] = (noise * 32767).astype("<i2").tobytes()
    heard = measure(telephone_wav(bytes(source)))
    assert -20 < heard.loudness < -16
    assert heard.peak < 0.95


def test_silence_around_is_cut() -> None:
    heard = measure(telephone_wav(tone(seconds=0.5, silence=2.0)))
    assert heard.seconds < 0.8
    assert max(heard.edges_ms) < 150


def test_what_the_telephone_cannot_carry_does_not_come_back_as_a_whistle() -> None:
    rate = 22050
    at = np.arange(rate) / rate
    low, high = np.sin(2 * np.pi * 1000 * at), np.sin(2 * np.pi * 5000 * at)
    spectrum = np.abs(np.fft.rfft(resample(low + high, rate)[1000:7000]))
    peak = spectrum.argmax()
    assert peak * 8000 / 6000 == pytest.approx(1000, abs=2)
    # 5,000 Hz would fold down to 3,000
    folded = round(3000 * 6000 / 8000)
    assert spectrum[folded - 5:folded + 5].max() < spectrum[peak] / 1000


@pytest.mark.parametrize("broken", [
    b"", b"RIFF", b"no sound at all" * 100, tone()[:30], tone(loudness=0),
    tone(seconds=0), b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00" + b"\0" * 40])
def test_a_broken_file_is_refused_by_name(broken: bytes) -> None:
    with pytest.raises(BadRecording) as refused:
        telephone_wav(broken, "zh/greeting.wav")
    assert refused.value.field == "zh/greeting.wav"
    assert refused.value.expected
