# The developer's tool in a container, for a Mac and for Windows. dist/packages has the wheels of a release, or those of `make dist`:
#     docker build -t open-runtime .
#     docker run --rm --init -it -v "$PWD:/var/task" -p 127.0.0.1:9000:9000 -p 127.0.0.1:9001:9001 \
#         open-runtime serve handler.hello --host 0.0.0.0 --http 9001
FROM debian:13-slim
# Debian keeps the newest version of a package alone.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates nodejs perl php-cli python3 python3-pip ruby && \
    rm -rf /var/lib/apt/lists/*
COPY dist/packages/*.whl /tmp/packages/
# There is one version in the folder, and no index.
# hadolint ignore=DL3013
RUN pip install --break-system-packages --no-cache-dir --no-index --find-links /tmp/packages open-runtime && \
    rm -r /tmp/packages
WORKDIR /var/task
EXPOSE 9000 9001
USER 65534:65534
ENTRYPOINT ["open-runtime"]
CMD ["--help"]
