"""``kiosk bench access``: the goals for eyes, ears, hands and minds, each measured and told with its figure."""
