"""Recovery over HTTP: forgotten passwords, proof of addresses and their change."""

from fastapi import Response

from application.recovery.addresses import (
    ChangeEmailCommand,
    ResendVerificationCommand,
    VerifyEmailCommand,
)
from application.recovery.passwords import ForgotPasswordCommand, ResetPasswordCommand
from domain.addresses import InvalidEmailAddress
from domain.links import InvalidLink
from domain.passwords import WeakPassword
from domain.sessions import InvalidCredentials
from entrypoints.http.dependencies import Anonymous, Services, UnchargedCaller
from entrypoints.http.json_route import json_router
from entrypoints.http.limits import Limits
from entrypoints.http.operations import ANYONE, API_PREFIX, OWN_SESSION, operation
from entrypoints.http.rendering import NO_STORE, render
from entrypoints.http.schemas.recovery import (
    AcceptedBody,
    ChangeEmailBody,
    ForgotPasswordBody,
    ResetPasswordBody,
    VerifyEmailBody,
)

router = json_router(API_PREFIX, "recovery")


def accepted() -> Response:
    """The one answer that says nothing, however the request was settled."""
    return render(AcceptedBody(), 202, cache=NO_STORE)


@router.post(
    "/auth/password/forgot",
    operation_id="forgotPassword",
    summary="Ask for a link that sets a new password",
    status_code=202,
    response_model=AcceptedBody,
    **operation(ANYONE, has_body=True),
)
async def forgot_password(
    body: ForgotPasswordBody, actor: Anonymous, services: Services, limits: Limits
) -> Response:
    """The same answer whether the address is known or not. At most 3 mails an hour."""
    await limits.charge_attempt(body.email)
    await services.forgot_password().execute(ForgotPasswordCommand(actor=actor, email=body.email))
    return accepted()


@router.post(
    "/auth/password/reset",
    operation_id="resetPassword",
    summary="Set a new password with the link from the mail",
    status_code=204,
    response_class=Response,
    **operation(ANYONE, InvalidLink, WeakPassword, has_body=True),
)
async def reset_password(
    body: ResetPasswordBody, actor: Anonymous, services: Services, limits: Limits
) -> Response:
    """Ends every session of the account. A password that is refused does not use the link up."""
    await limits.charge_link()
    await services.reset_password().execute(
        ResetPasswordCommand(actor=actor, token=body.token, new_password=body.new_password)
    )
    return Response(status_code=204)


@router.post(
    "/auth/email/verify",
    operation_id="verifyEmail",
    summary="Prove an address with the link from the mail",
    status_code=204,
    response_class=Response,
    **operation(ANYONE, InvalidLink, has_body=True),
)
async def verify_email(
    body: VerifyEmailBody, actor: Anonymous, services: Services, limits: Limits
) -> Response:
    """Also takes a new address into use. The first proof of an account ends its sessions."""
    await limits.charge_link()
    await services.verify_email().execute(VerifyEmailCommand(actor=actor, token=body.token))
    return Response(status_code=204)


@router.post(
    "/auth/email/resend",
    operation_id="resendVerification",
    summary="Ask for another link that proves one's address",
    status_code=202,
    response_model=AcceptedBody,
    **operation(OWN_SESSION),
)
async def resend_verification(
    actor: UnchargedCaller, services: Services, limits: Limits
) -> Response:
    """Only the newest link works. At most 3 mails an hour; none for a verified address."""
    await limits.charge_own_attempt(actor)
    await services.resend_verification().execute(ResendVerificationCommand(actor=actor))
    return accepted()


@router.post(
    "/users/me/email",
    operation_id="changeMyEmail",
    summary="Change one's own address",
    status_code=202,
    response_model=AcceptedBody,
    **operation(OWN_SESSION, InvalidCredentials, InvalidEmailAddress, has_body=True),
)
async def change_my_email(
    body: ChangeEmailBody, actor: UnchargedCaller, services: Services, limits: Limits
) -> Response:
    """Sends a link to the new address, which takes effect when it is opened.

    The same answer for an address that another account has.
    """
    await limits.charge_own_attempt(actor)
    await services.change_email().execute(
        ChangeEmailCommand(actor=actor, email=body.email, password=body.password)
    )
    return accepted()
