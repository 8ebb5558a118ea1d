"""A receipt as text."""


def receipt(basket):
    lines = [f"{item.count} x {item.name:<12}{item.cents * item.count / 100:>8.2f}" for item in basket.items]
    lines.append(f"{'total':<16}{basket.total() / 100:>8.2f}")
    return "\n".join(lines)
