"""How the page looks: colour, type and spacing in one place; the layout that uses them is `page.css`."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors, fonts, sizes

HERE = Path(__file__).parent
STAR = HERE / "star.svg"

# Ink, slightly blue: long text on it is calmer than on pure grey. Light to dark.
_INK = colors.Color(
    name="ink",
    c50="#fafbfc",
    c100="#f3f4f7",
    c200="#e5e7ec",
    c300="#d2d6de",
    c400="#9aa1af",
    c500="#6a7282",
    c600="#4a5261",
    c700="#303744",
    c800="#1b202a",
    c900="#14181f",
    c950="#0e1116",
)
_POLE = colors.Color(
    name="pole",
    c50="#f1f4ff",
    c100="#e3e9ff",
    c200="#c9d4ff",
    c300="#a5b6fd",
    c400="#8199f8",
    c500="#5b74ea",
    c600="#3f57d0",
    c700="#3446a8",
    c800="#2c3a86",
    c900="#26326d",
    c950="#181f45",
)


_LOGIN = """
.wrap.min-h-screen { display: grid; place-items: center; padding: 1rem; }
.wrap.min-h-screen > .column.panel { width: min(22rem, 100%); min-width: 0 !important; gap: 0.75rem; padding: 1.5rem;
  border: 1px solid var(--border-color-primary); border-radius: var(--radius-xl); background: var(--background-fill-primary); }
.wrap.min-h-screen h2 { display: none; }
.wrap.min-h-screen .auth { margin: 0 0 0.25rem; line-height: 1.5; }
.wrap.min-h-screen .form { gap: 0.75rem; border: 0; background: none; }
.wrap.min-h-screen .form .block { border: 0; }
.wrap.min-h-screen input { border: 1px solid var(--input-border-color) !important; border-radius: var(--radius-md) !important;
  padding: 0.5rem 0.7rem !important; }
.wrap.min-h-screen input:focus { border-color: var(--input-border-color-focus) !important; }
.wrap.min-h-screen button.lg { padding: 0.55rem; font-size: 0.95rem; border-radius: var(--radius-md); }
"""


def theme() -> gr.themes.Base:
    """The theme. Its fonts come with Gradio and are served by this process: the page asks no other host for anything."""
    made = gr.themes.Base(
        primary_hue=_POLE,
        secondary_hue=_POLE,
        neutral_hue=_INK,
        spacing_size=sizes.spacing_md,
        radius_size=sizes.radius_lg,
        text_size=sizes.text_md,
        font=[fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=[fonts.LocalFont("IBM Plex Mono", weights=(400,)), "ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    # The page that asks for the password gets no stylesheet but the theme's.
    made.custom_css = _LOGIN
    return made.set(
        body_background_fill="#ffffff",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="#e4e7ec",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_900",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#262c37",
        border_color_accent="*primary_300",
        border_color_accent_dark="*primary_700",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="0px",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        input_background_fill="#ffffff",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_200",
        input_border_color_dark="#2b313d",
        input_border_color_focus="*primary_400",
        input_border_color_focus_dark="*primary_500",
        input_shadow="none",
        input_shadow_focus="none",
        input_shadow_focus_dark="none",
        input_placeholder_color="*neutral_400",
        input_placeholder_color_dark="*neutral_500",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_primary_shadow="none",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_secondary_border_color="*neutral_200",
        button_secondary_border_color_dark="#2b313d",
        button_secondary_text_color="*neutral_700",
        button_secondary_text_color_dark="*neutral_300",
        button_secondary_shadow="none",
        chatbot_text_size="*text_lg",
        code_background_fill="*neutral_100",
        code_background_fill_dark="*neutral_800",
        prose_header_text_weight="600",
    )


def head() -> str:
    """What goes into the page's head: the layout and the few lines of script. Gradio's own `css` would rewrite selectors."""
    style, script = ("".join(path.read_text("utf-8") for path in sorted(HERE.glob(kind))) for kind in ("*.css", "*.js"))
    return f'<meta name="color-scheme" content="light dark">\n<style>{style}</style>\n<script>{script}</script>'
