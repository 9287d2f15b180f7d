# Runs the steps of a pipeline wherever a ZenML stack sends them: the whole lock, and the project at /app. ZenML unpacks the code that a run was started from
# where the step begins, which therefore is a folder that can be written to.
# Built from the repository's root; PYTHON_IMAGE as in serving.Dockerfile.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
# uv's name for a build of torch, such as cpu or cu126; empty where wheels come from a place of the machine's own.
ARG TORCH_BACKEND=cpu
ARG UV_FIND_LINKS=
COPY requirements.lock /tmp/requirements.lock
# --no-deps: the lock is complete, and leaves out the CUDA libraries that xgboost names and does not need.
RUN python3 -m venv /opt/venv && python3 -m venv /opt/uv \
    && /opt/uv/bin/python -m pip install --no-cache-dir "uv>=0.5,<1" \
    && /opt/uv/bin/uv pip install --no-cache --no-deps --compile-bytecode ${TORCH_BACKEND:+--torch-backend "${TORCH_BACKEND}"} \
    --python /opt/venv/bin/python -r /tmp/requirements.lock

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 trending \
    && useradd --uid 10001 --gid trending --no-create-home --home-dir /tmp --shell /usr/sbin/nologin trending \
    && install -d -o trending -g trending /var/lib/trending
COPY --from=packages /opt/venv /opt/venv
COPY LICENSE README.md pyproject.toml requirements.lock run.py /app/
COPY trending /app/trending
COPY apps /app/apps
COPY steps /app/steps
COPY pipelines /app/pipelines
COPY stacks /app/stacks
RUN /opt/venv/bin/python -m compileall -q /app
# Only /tmp and /var/lib/trending are written to.
ENV PATH=/opt/venv/bin:$PATH \
    GIT_PYTHON_REFRESH=quiet \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    TRENDING_HOME=/var/lib/trending \
    ZENML_ANALYTICS_OPT_IN=false \
    ZENML_CONFIG_PATH=/var/lib/trending/zenml
WORKDIR /var/lib/trending
USER 10001:10001
# A step runs and ends; whoever started it watches it.
HEALTHCHECK NONE
CMD ["python", "/app/run.py", "--help"]
