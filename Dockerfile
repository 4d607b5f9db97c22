# syntax=docker/dockerfile:1
# One image for the four programs; compose.yaml chooses the command.

FROM python:3.13-slim AS packages
RUN python -m venv /venv
COPY requirements.txt /tmp/
# The pins name every package, so that there is nothing to resolve.
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install --disable-pip-version-check --no-deps --requirement /tmp/requirements.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home finguard
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["uvicorn", "api:app", "--host", "0.0.0.0", "--port", "8000"]
