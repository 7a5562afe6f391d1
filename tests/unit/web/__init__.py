"""The web room, without Gradio."""
