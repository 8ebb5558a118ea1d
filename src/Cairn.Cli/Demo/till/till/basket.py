"""A basket of items."""

from dataclasses import dataclass, field

from till.discount import discounted


@dataclass
class Item:
    name: str
    cents: int
    count: int = 1


@dataclass
class Basket:
    items: list = field(default_factory=list)
    percent_off: int = 0

    def add(self, name, cents, count=1):
        if count < 1:
            raise ValueError(f"the count of {name} must be at least 1, not {count}")
        self.items.append(Item(name, cents, count))

    def subtotal(self):
        return sum(item.cents for item in self.items)

    def total(self):
        return discounted(self.subtotal(), self.percent_off)
