"""The words of every message."""

import pytest

from adapters.mail.rendering import JinjaRenderer
from application.ports.mailer import Letter
from domain.outbox import MessageTemplate

LINKED = {
    MessageTemplate.VERIFY_EMAIL,
    MessageTemplate.RESET_PASSWORD,
    MessageTemplate.CHANGE_EMAIL,
}
renderer = JinjaRenderer(
    sender="Doorward <no-reply@accounts.dev>", service_url="https://id.accounts.dev"
)


def letter(template: MessageTemplate, name: str = "Ada") -> Letter:
    link = "https://id.accounts.dev/p?a=1&b=2#token=abc" if template in LINKED else None
    return Letter(id="0198", template=template, recipient="a@b.dev", name=name, link=link)


@pytest.mark.parametrize("template", list(MessageTemplate))
def test_every_message_has_words_in_both_forms(template: MessageTemplate) -> None:
    mail = renderer.render(letter(template))
    assert mail.message_id == "<0198@accounts.dev>"
    assert mail.subject
    assert mail.text.startswith("Hello Ada,\n")
    assert "Hello Ada," in mail.html
    assert ("#token=abc" in mail.text) is (template in LINKED)
    assert ('href="https://id.accounts.dev/p?a=1&amp;b=2#token=abc"' in mail.html) is (
        template in LINKED
    )
    assert "None" not in mail.text + mail.html


@pytest.mark.parametrize("template", list(MessageTemplate))
def test_names_are_text_and_nothing_else(template: MessageTemplate) -> None:
    mail = renderer.render(letter(template, name="<img src=x>{{ link }}"))
    assert "<img" not in mail.html
    assert "Hello <img src=x>{{ link }}," in mail.text


def test_without_a_name_the_greeting_is_short() -> None:
    mail = renderer.render(letter(MessageTemplate.VERIFY_EMAIL, name=""))
    assert mail.text.startswith("Hello,\n")
