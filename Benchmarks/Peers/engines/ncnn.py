VARIANTS: dict[str, str] = {}
