"""How sure we are of where a threshold comes from, in words that a principal understands. Pure.

A clause's `confidence` begins with a flag and may go on ("VERIFIED-C for primary schools; project
default for junior schools"). The flags found in it, in their order, are what is shown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

FLAGS: Mapping[str, tuple[str, str]] = {
    "VERIFIED-A": ("官方原文可查", "in an official text that can be looked up"),
    "VERIFIED-B": ("见于可信转载", "in a reliable copy of the text"),
    "VERIFIED-C": (
        "见于镜像或摘要，使用前请核对原文",
        "in a mirror or a summary only: check the text itself before relying on it",
    ),
    "MEMORY": ("凭记忆，未找到原文", "from memory; the text was not found"),
    "project default": ("本项目自定，并非官方规定", "set by this project, not by any authority"),
}
"""The flag, in Chinese and in English; the surest first."""
_FLAG = re.compile("|".join(FLAGS))


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a threshold can be relied on; `flag` is the first one, which holds in general."""

    flag: str
    zh: str
    en: str


def trust(confidence: str) -> Trust:
    """Return a clause's confidence in words; of several flags all of them."""
    flags = list(dict.fromkeys(_FLAG.findall(confidence))) or ["project default"]
    zh, en = zip(*(FLAGS[flag] for flag in flags), strict=True)
    return Trust(
        flags[0],
        "；部分".join(zh),
        "; in part ".join(en),
    )
