# Reads an archive and asks a Triton server that runs elsewhere; needs no GPU.
FROM python:3.12-slim

WORKDIR /opt/tha
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY ingest ingest
COPY simulation simulation
COPY warehouse warehouse
COPY dbt_project dbt_project
RUN python3 -m venv .venv && .venv/bin/pip install --no-cache-dir --constraint constraints.txt .
ENTRYPOINT ["/opt/tha/.venv/bin/ingest"]
CMD ["--help"]
