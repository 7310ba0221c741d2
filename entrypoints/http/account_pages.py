"""Two plain pages for the links in mail: enough where no front end has pages of its own."""

from base64 import b64encode
from hashlib import sha256
from string import Template

from fastapi import APIRouter, Response

from entrypoints.http.counting import CountedRoute
from entrypoints.http.dependencies import Services

router = APIRouter(prefix="/account", include_in_schema=False, route_class=CountedRoute)

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem }
label { display: block; font-weight: 600 }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin: .25rem 0 }
button { font: inherit; padding: .5rem 1.25rem; margin-top: 1rem }
"""

# Takes the token out of the address bar and its history, and posts it when asked to: programs that
# look at links in mail before people do must not use them up.
_SCRIPT = """
"use strict";
const form = document.querySelector("form");
const report = document.getElementById("status");
const token = location.hash.replace(/^#(token=)?/, "");
history.replaceState(null, "", location.pathname);
const failed = "This did not work. Please try again in a moment.";
if (!token) {
  form.hidden = true;
  report.textContent = "This link is not complete. Please copy the whole link from the message.";
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const field = form.querySelector("input");
  const body = field ? { token, new_password: field.value } : { token };
  button.disabled = true;
  report.textContent = "One moment ...";
  try {
    const answer = await fetch(form.dataset.post, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
    });
    if (answer.ok) {
      form.hidden = true;
      report.textContent = form.dataset.done;
      return;
    }
    const fault = await answer.json();
    report.textContent = fault.details ? fault.details[0].message : fault.message;
  } catch {
    report.textContent = failed;
  }
  button.disabled = false;
});
"""

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
<form method="post" data-post="$post" data-done="$done">
$fields
<button type="submit">$button</button>
</form>
<p id="status" role="status" aria-live="polite"></p>
<noscript><p>This page needs JavaScript to read your link.</p></noscript>
</main>
<script>$script</script>
</body>
</html>
""")

_PASSWORD_FIELD = Template("""<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required
 minlength="$min_length" maxlength="256" aria-describedby="hint">
<p id="hint">At least $min_length characters. A sentence is best.</p>""")


def _source(text: str) -> str:
    """A text as a source of a Content-Security-Policy: that one, and no other."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_source(_SCRIPT)}; style-src {_source(_STYLE)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def _page(*, title: str, post: str, fields: str, button: str, done: str) -> Response:
    content = _PAGE.substitute(
        title=title,
        post=post,
        fields=fields,
        button=button,
        done=done,
        style=_STYLE,
        script=_SCRIPT,
    )
    return Response(content, 200, _HEADERS, "text/html; charset=utf-8")


@router.get("/verify")
async def show_verify_page() -> Response:
    """Open to anyone. Knows nothing: the token stays in the browser until it is posted."""
    return _page(
        title="Confirm your e-mail address",
        # Relative, so that it also works behind a proxy that adds a prefix.
        post="../api/v1/auth/email/verify",
        fields="<p>Press the button to confirm that this address is yours.</p>",
        button="Confirm",
        done="Thank you: your address is confirmed. You can close this page and sign in.",
    )


@router.get("/reset")
async def show_reset_page(services: Services) -> Response:
    """Open to anyone. Knows nothing: the token stays in the browser until it is posted."""
    return _page(
        title="Choose a new password",
        post="../api/v1/auth/password/reset",
        fields=_PASSWORD_FIELD.substitute(min_length=services.settings().password_min_length),
        button="Set the new password",
        done="Your password is changed. You can close this page and sign in with the new one.",
    )
