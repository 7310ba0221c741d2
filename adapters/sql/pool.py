"""SQLAlchemy's pool, which also tells how it is doing."""

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from application.ports.storage import PoolState


class MeteredPool(AsyncAdaptedQueuePool):
    """Counts who finds no connection free and none left to open, and so has to wait."""

    # Its log lines stay SQLAlchemy's: they are of no use to anybody else.
    _sqla_logger_namespace = "sqlalchemy.pool.MeteredPool"
    _waits = 0

    def _do_get(self) -> ConnectionPoolEntry:
        if self.checkedin() == 0 and self._overflow >= self._max_overflow:
            self._waits += 1
        return super()._do_get()

    def state(self) -> PoolState:
        return PoolState(
            in_use=self.checkedout(),
            idle=self.checkedin(),
            # SQLAlchemy counts from minus the pool's size.
            overflow=max(0, self.overflow()),
            waits=self._waits,
        )
