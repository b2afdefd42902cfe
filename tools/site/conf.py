"""What Sphinx needs to know to make a site of docs/; `make docs` builds it.

The pages are plain Markdown, to be read as files as well. So the navigation is here and not in
them, and `pages` does what else they need.
"""

from __future__ import annotations

from pathlib import Path

project = "pgtenant"
author = "The pgtenant maintainers"
extensions = ["myst_parser", "tools.site.pages"]
exclude_patterns = ["schemas"]
source_suffix = {".md": "markdown"}

myst_heading_anchors = 4
# `repo` is made by `pages`: a file of the repository that is no page.
myst_url_schemes = {"http": None, "https": None, "mailto": None, "repo": "{{path}}"}

html_theme = "furo"
html_title = "pgtenant"
html_static_path = [str(Path(__file__).with_name("static"))]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

navigation = {
    "Tutorial": ["tutorial"],
    "How to": [
        "how-to/rds-from-zero",
        "how-to/aurora",
        "adopt",
        "cnpg",
        "how-to/new-environment",
        "how-to/approvals",
        "requests",
        "backstage",
        "rotation",
        "retire",
        "delegated-admin",
        "how-to/break-glass",
        "how-to/migrate-from-the-script",
        "how-to/migrate-from-terraform",
        "how-to/migrate-from-cloudnativepg",
        "how-to/federation",
        "fleet",
        "platform",
        "report",
    ],
    "Runbooks": [
        "runbooks/index",
        "runbooks/apply-failed",
        "runbooks/blocked-entry",
        "runbooks/locked-run",
        "runbooks/lost-secret",
        "runbooks/expired-ca",
        "runbooks/isolation-alarm",
        "runbooks/restore",
    ],
    "Explanation": [
        "how-it-works",
        "explanation/pictures",
        "explanation/ownership",
        "explanation/no-standing-power",
        "explanation/rds-by-version",
        "explanation/threat-model",
        "explanation/isolation",
        "tenants",
        "faults",
        "performance",
        "regressions",
    ],
    "Reference": ["reference", "cli", "verify", "access", "audit"],
    "Codes of errors": [
        "errors/index",
        "errors/command-line",
        "errors/settings-and-catalog",
        "errors/connecting",
        "errors/secrets",
        "errors/run-lock",
        "errors/blocked-entries",
        "errors/statements",
        "errors/approvals-and-plans",
        "errors/audit",
        "errors/requests",
        "errors/retirement",
        "errors/rotation",
        "errors/tenants",
        "errors/manifests",
        "errors/embedded-server",
        "errors/proofs",
    ],
}
