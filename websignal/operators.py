"""How the operators' admin looks: its name, and the accent that static/css/tokens.css holds for the pages.

500 is text on dark surfaces, so it is lighter than the accent there.
"""

UNFOLD = {
    "SITE_TITLE": "WebSignal operators",
    "SITE_HEADER": "WebSignal",
    "SHOW_HISTORY": True,
    "ENVIRONMENT": "monitors.regions.silence.admin_label",
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .014 277)",
            "100": "oklch(94.5% .032 277)",
            "200": "oklch(89.5% .062 277)",
            "300": "oklch(81% .105 277)",
            "400": "oklch(70% .155 277)",
            "500": "oklch(66% .165 276)",
            "600": "oklch(50.5% .205 275)",
            "700": "oklch(45.5% .205 275)",
            "800": "oklch(39% .175 275)",
            "900": "oklch(34% .135 275)",
            "950": "oklch(25% .09 275)",
        }
    },
}
