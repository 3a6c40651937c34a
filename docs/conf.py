from django_lanck import __version__

project = "django-lanck"
author = "The django-lanck team"
release = version = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"django-lanck {release}"
exclude_patterns = ["_build"]
