import unittest

from till.basket import Basket
from till.discount import discounted
from till.receipt import receipt


class TillTest(unittest.TestCase):
    def test_an_empty_basket_costs_nothing(self):
        self.assertEqual(Basket().total(), 0)

    def test_the_subtotal_counts_every_piece(self):
        basket = Basket()
        basket.add("apple", 50, count=3)
        basket.add("bread", 250)
        self.assertEqual(basket.subtotal(), 400)

    def test_a_discount_is_rounded_half_up(self):
        self.assertEqual(discounted(999, 15), 849)
        self.assertEqual(discounted(250, 25), 188)

    def test_a_discount_above_100_percent_is_refused(self):
        with self.assertRaises(ValueError):
            discounted(100, 101)

    def test_a_receipt_ends_with_the_total(self):
        basket = Basket(percent_off=15)
        basket.add("lamp", 333, count=3)
        self.assertTrue(receipt(basket).endswith("8.49"))


if __name__ == "__main__":
    unittest.main()
