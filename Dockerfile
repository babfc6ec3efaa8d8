# Firstline in one container. It writes to /data only.
#
#   docker build -t firstline .
#   docker run -p 127.0.0.1:8000:8000 -v firstline:/data -e INIT_ARGS=--demo firstline

FROM python:3.11-slim AS build

# Further arguments for pip. On Linux the default torch wheel carries CUDA: gigabytes that Firstline
# never uses. To avoid them, point pip to your mirror of the CPU wheels:
#   docker build --build-arg PIP_ARGS="--extra-index-url <your index of CPU wheels>" .
ARG PIP_ARGS=""

WORKDIR /src
RUN python -m venv /opt/firstline
ENV PATH="/opt/firstline/bin:$PATH" PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# The dependencies alone first: a change to the code leaves this large layer as it is.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install ${PIP_ARGS} -c constraints.txt -r requirements.txt

COPY . .
RUN pip install ${PIP_ARGS} --no-deps .


FROM python:3.11-slim

RUN useradd --uid 10001 --create-home firstline \
    && install -d -o firstline -g firstline /data
COPY --from=build /opt/firstline /opt/firstline

ENV PATH="/opt/firstline/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    INIT_ARGS=""

USER firstline
WORKDIR /home/firstline
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=3s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]

# The marker is made last, so that a first start which was interrupted is made up for by the next.
# `exec` hands signals to the server: `docker stop` lets the turns at hand finish.
CMD ["sh", "-c", "if [ ! -e /data/.initialised ]; then firstline init --data /data $INIT_ARGS && touch /data/.initialised || exit 1; fi; exec firstline serve --data /data --host 0.0.0.0 --port 8000"]
