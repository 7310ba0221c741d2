"""Use cases that keep the service running: health, set-up, mail, jobs."""

from dependency_injector import providers

from application.health import CheckHealth
from application.jobs import PurgeExpired
from application.outbox import DeliverMessages, ListMessages, MeasureOutbox, RetryMessages
from application.setup import EnsureAdministrator
from application.signing_keys.lifecycle import EnsureSigningKeys, RotateSigningKeysIfDue
from config import factories
from config.container.shared import Shared
from config.mail_route import mail_route


class OperationUseCases(Shared):
    """What operators and timers call."""

    # The service itself
    mail_route = providers.Singleton(mail_route, Shared.settings)
    check_health = providers.Singleton(
        CheckHealth,
        storage=Shared.storage,
        ring=Shared.key_ring,
        limiter=Shared.limiter,
        mail=mail_route,
        clock=Shared.clock,
    )
    ensure_signing_keys = providers.Singleton(
        EnsureSigningKeys,
        succession=Shared.key_succession,
        rules=Shared.signing_key_rules,
        clock=Shared.clock,
    )
    rotate_signing_keys_if_due = providers.Singleton(
        RotateSigningKeysIfDue,
        succession=Shared.key_succession,
        rules=Shared.signing_key_rules,
        clock=Shared.clock,
    )
    ensure_administrator = providers.Singleton(
        EnsureAdministrator,
        uow=Shared.uow,
        addresses=Shared.addresses,
        hasher=Shared.hasher,
        policy=Shared.password_policy,
        clock=Shared.clock,
        ids=Shared.ids,
        events=Shared.events,
    )

    # Mail and jobs
    deliver_messages = providers.Singleton(
        DeliverMessages,
        uow=Shared.uow,
        mailer=Shared.mailer,
        renderer=Shared.renderer,
        tokens=Shared.link_tokens,
        pages=providers.Callable(factories.link_pages, Shared.settings),
        clock=Shared.clock,
        telemetry=Shared.telemetry,
        spares_reserved=providers.Callable(factories.spares_reserved, Shared.settings),
    )
    measure_outbox = providers.Singleton(MeasureOutbox, uow=Shared.uow, clock=Shared.clock)
    list_messages = providers.Singleton(ListMessages, uow=Shared.uow, cursors=Shared.cursors)
    retry_messages = providers.Singleton(
        RetryMessages, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    retention = providers.Callable(factories.retention, Shared.settings)
    purge_expired = providers.Singleton(
        PurgeExpired, uow=Shared.uow, clock=Shared.clock, retention=retention
    )
