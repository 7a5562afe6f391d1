# From a model on Hugging Face to a quantised GGUF, served on port 8080 by llama.cpp.
#   docker build -f docs/llamacpp.Dockerfile --build-arg MODEL=Qwen/Qwen2.5-1.5B-Instruct -t lodestar-llm .
#   docker run --rm -p 127.0.0.1:8080:8080 lodestar-llm
# Lodestar finds it there by itself. This recipe was written from llama.cpp's own instructions and has not been run by us.

FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cmake git \
    && rm -rf /var/lib/apt/lists/*
RUN git clone --depth 1 https://github.com/ggml-org/llama.cpp /llama.cpp
WORKDIR /llama.cpp
RUN cmake -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF \
    && cmake --build build --parallel --target llama-quantize llama-server
RUN pip install --no-cache-dir -r requirements/requirements-convert_hf_to_gguf.txt huggingface_hub
ARG MODEL=Qwen/Qwen2.5-1.5B-Instruct
ARG QUANTISATION=Q4_K_M
RUN hf download "$MODEL" --local-dir /model \
    && python convert_hf_to_gguf.py /model --outtype f16 --outfile /model-f16.gguf \
    && build/bin/llama-quantize /model-f16.gguf /model.gguf "$QUANTISATION" \
    && rm -rf /model /model-f16.gguf

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /llama.cpp/build/bin/llama-server /usr/local/bin/
COPY --from=build /model.gguf /model.gguf
EXPOSE 8080
USER nobody
CMD ["llama-server", "--model", "/model.gguf", "--host", "0.0.0.0", "--port", "8080", "--ctx-size", "8192"]
