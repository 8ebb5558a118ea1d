"""Discounts."""


def discounted(cents, percent):
    """The price after a discount, rounded half up to a whole cent."""
    if not 0 <= percent <= 100:
        raise ValueError(f"a discount is 0 to 100 percent, not {percent}")
    return cents - cents * percent // 100
