ARG BASE=python:3.11-slim
FROM ${BASE} AS build

# Everything by hash, ourselves without a look at any index.
WORKDIR /build
COPY requirements/build.txt requirements/image.txt requirements/
RUN python3 -m venv tools \
    && tools/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && python3 -m venv --without-pip /opt/pgtenant \
    && tools/bin/pip --python /opt/pgtenant/bin/python install --no-cache-dir --require-hashes \
        --requirement requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY share share
COPY src src
RUN tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir dist . \
    && tools/bin/pip --python /opt/pgtenant/bin/python install --no-cache-dir --no-index --no-deps \
        dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="pgtenant" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/pgtenant /opt/pgtenant
# Nothing is written but what /tmp takes: for a read-only root, and for any uid.
ENV PATH=/opt/pgtenant/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /project
USER 10001:10001
ENTRYPOINT ["pgtenant"]
