# Serves a release: page, REST, MCP and chat in one process, without training libraries. Built from the repository's root.
# Deliveries give PYTHON_IMAGE by digest (deploy.yml finds it out and writes it down); the tag is for a developer's machine.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
COPY infra/docker/serving.lock /tmp/serving.lock
# The environment has no pip of its own: nothing can be installed into what runs.
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r /tmp/serving.lock

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 trending \
    && useradd --uid 10001 --gid trending --no-create-home --home-dir /tmp --shell /usr/sbin/nologin trending \
    && install -d -o trending -g trending /var/lib/trending
COPY --from=packages /opt/venv /opt/venv
COPY LICENSE run.py /app/
COPY trending /app/trending
COPY apps /app/apps
RUN /opt/venv/bin/python -m compileall -q /app
# Only /tmp and /var/lib/trending (copies of remote releases, caches, feedback) are written to.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TRENDING_HOME=/var/lib/trending
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
CMD ["python", "run.py", "serve", "all", "--host", "0.0.0.0", "--port", "8000"]
