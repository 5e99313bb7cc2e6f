# The reconciler as an image: docs/container.md tells how to build it, run it, and pin the base by digest.
ARG BASE=docker.io/library/python:3.13.16-slim-trixie


FROM ${BASE} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /src

# What builds and what runs are kept apart: /opt/build stays behind, and /opt/reconciler has no pip.
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/reconciler

# The secret is optional: a pip.conf that names a package index of your own.
COPY requirements/ requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt && \
    /opt/build/bin/pip --python /opt/reconciler install --no-compile --only-binary=:all: \
        --require-hashes --requirement requirements/run.txt

COPY pyproject.toml README.md ./
COPY reconciler/ reconciler/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . && \
    /opt/build/bin/pip --python /opt/reconciler install --no-compile --no-deps --no-index dist/*.whl && \
    /opt/reconciler/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/reconciler/lib


FROM ${BASE}

LABEL org.opencontainers.image.title="reconciler" \
      org.opencontainers.image.description="GitOps for chat messages: keep in Git what chat messages must say and who has read them"

# Without the standard library's bytecode, which the base leaves out, each start and health check
# would compile it again. A program that starts others under another user has no use for setuid.
RUN python3 -m compileall -q -f --invalidation-mode unchecked-hash \
        -x '/(ensurepip|idlelib|lib2to3|pydoc_data|tkinter|turtledemo|(site|dist)-packages)/' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" && \
    find / -xdev -type f -perm /6000 -exec chmod a-s '{}' + && \
    groupadd --gid 65532 reconciler && \
    useradd --key UID_MAX=65532 --uid 65532 --gid 65532 --no-log-init --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin reconciler && \
    install --directory --mode=0700 --owner=65532 --group=65532 /var/lib/reconciler

COPY --from=build /opt/reconciler /opt/reconciler

ENV PATH=/opt/reconciler/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RECONCILER_LEDGER=/var/lib/reconciler/ledger.db \
    RECONCILER_LISTEN=0.0.0.0:9464

# From here, `reconciler plan` finds /manifests by itself.
WORKDIR /
USER 65532:65532
VOLUME /var/lib/reconciler
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["reconciler", "health"]

ENTRYPOINT ["reconciler"]
CMD ["run", "/manifests"]
