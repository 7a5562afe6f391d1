"""Lodestar: answers over a folder of Markdown, each with the passage that proves it."""

import os

__version__ = "0.1.0"

# Libraries that would send what they see to their makers, or to whom a variable of somebody's shell names, are told not to:
# of what is asked and of what the documents say nothing leaves this machine but to the endpoint that the settings name.
os.environ.update(
    ANONYMIZED_TELEMETRY="False",  # Chroma
    DO_NOT_TRACK="1",
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_OFFLINE="1",
    LANGCHAIN_TRACING_V2="false",  # LangSmith would be sent every prompt
    LANGSMITH_TRACING="false",
    LANGSMITH_TRACING_V2="false",
    OTEL_SDK_DISABLED="true",
    PYDANTIC_DISABLE_PLUGINS="__all__",  # Logfire
)
for _name in ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER", "CHROMA_OTEL_COLLECTION_ENDPOINT"):
    os.environ.pop(_name, None)
