# The image follows patch releases of this Python on this Debian; for a frozen one, pin a digest in both FROM lines.

FROM python:3.13-slim-trixie AS builder
# Two environments: what builds stays here, what runs is copied on and holds not even pip.
RUN python -m venv /opt/build \
    && python -m venv --without-pip /opt/venv
ENV PATH=/opt/build/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.txt requirements-build.txt ./
RUN pip install --require-hashes -r requirements-build.txt \
    && pip --python /opt/venv install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY domain ./domain
COPY application ./application
COPY adapters ./adapters
COPY config ./config
COPY entrypoints ./entrypoints
RUN python -m hatchling build -t wheel -d dist \
    && pip --python /opt/venv install --no-deps --no-index dist/*.whl \
    && /opt/venv/bin/python -X no_debug_ranges -m entrypoints.cli.lean_bytecode

FROM python:3.13-slim-trixie
# The ids are fixed, so that the owner of a volume is the same in every release.
RUN groupadd --gid 10001 doorward \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data doorward \
    && mkdir -m 0700 /data \
    && chown 10001:10001 /data
COPY --from=builder /opt/venv /opt/venv
# Bytecode was compiled at installation; nothing but /data is ever written.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DOORWARD_HOST=0.0.0.0 \
    DOORWARD_PORT=8000 \
    DOORWARD_DATA_DIR=/data
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
# Past any proxy of the environment. Liveness only: a database that is away is no reason to restart.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.build_opener(web.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['DOORWARD_PORT'] + '/health/live', timeout=3)"]
CMD ["doorward", "serve"]
