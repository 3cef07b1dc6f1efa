"""The catalogues hold the same messages with the same values in every language."""

import pytest

from cloud.localized_text import LocalizedText
from cloud.messages import (
    catalogue,
    languages,
    localized,
    message,
    message_of,
    placeholders,
    render,
)


def test_chinese_and_english_are_there() -> None:
    assert {"zh", "en"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_a_language_has_every_message_with_the_same_values(language: str) -> None:
    reference, templates = catalogue("zh"), catalogue(language)
    assert templates.keys() == reference.keys()
    different = [
        key
        for key, template in templates.items()
        if placeholders(template) != placeholders(reference[key])
    ]
    assert not different


def test_a_value_may_be_nothing_a_text_a_message_or_a_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    templates = {"list_separator": ", ", "outer": "{share:.1%} of {what}: {all:.0f}", "it": "it"}
    monkeypatch.setattr("cloud.messages.catalogue", lambda _language: templates)
    text = LocalizedText("房间", "rooms")
    assert render(message("outer", share=0.5, what=text, all=[1.2, 2.0]), "en") == (
        "50.0% of rooms: 1, 2"
    )
    assert render(message("outer", share=None, what=message("it"), all=[]), "en") == "— of it: "


def test_a_message_comes_back_from_json_as_it_was() -> None:
    inner = message("inner", name=LocalizedText("甲", "A", {"fr": "Un"}))
    outer = message("outer", inner=inner, numbers=[1, 2.5], none=None)
    assert message_of(outer.as_json()) == outer


def test_a_text_without_a_translation_is_shown_in_english() -> None:
    text = LocalizedText("甲", "A")
    assert (text.text("zh"), text.text("fr")) == ("甲", "A")
    assert localized(text)["en"] == "A"
