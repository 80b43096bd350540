# Builds and verifies TensorRT plans: the TensorRT in this image is that of Triton's container with the same tag.
ARG TRITON_TAG=25.08
FROM nvcr.io/nvidia/tensorrt:${TRITON_TAG}-py3

# the image's own constraints are for its own packages; ours lie in a folder of their own, which sees its TensorRT
ENV PIP_CONSTRAINT=""
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/tha
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY ingest ingest
COPY simulation simulation
COPY warehouse warehouse
RUN python3 -m venv --system-site-packages .venv \
    && .venv/bin/pip install --no-cache-dir --constraint constraints.txt '.[plans]'
COPY samples samples
ENTRYPOINT ["/opt/tha/.venv/bin/ingest"]
CMD ["models", "compile"]
