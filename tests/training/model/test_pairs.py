import numpy as np

from training.model.pairs import NO_PAIRS, add_products, compute_pair_margin, take_columns


def test_products_worked_by_hand() -> None:
    # 2 x 3 x 1 - 1 x 3 x 0.5 and 0.
    Z = np.array([[2.0, 3.0, 1.0], [0.0, 5.0, 0.0]])
    pairs = np.array([[0, 1], [1, 2]])
    found = compute_pair_margin(Z, pairs, np.array([1.0, -0.5]))
    np.testing.assert_array_equal(found, [4.5, 0.0])


def test_without_pairs_nothing_is_added() -> None:
    found = compute_pair_margin(np.ones((3, 2)), NO_PAIRS, np.empty(0))
    np.testing.assert_array_equal(found, np.zeros(3))


def test_many_products_of_a_row_are_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(0)
    Z, coef = rng.normal(size=(40, 9)), rng.normal(size=36)
    pairs = np.array([[i, j] for i in range(9) for j in range(i)])
    alone = [compute_pair_margin(row[np.newaxis], pairs, coef)[0] for row in Z]
    np.testing.assert_array_equal(compute_pair_margin(Z, pairs, coef), alone)


def test_what_numbers_belong_to_is_one_the_columns_and_their_products() -> None:
    Z, pairs = np.array([[2.0, 3.0], [4.0, 5.0]]), np.array([[0, 1]])
    rows = add_products(Z, pairs)
    np.testing.assert_array_equal(rows, [[1.0, 2.0, 3.0, 6.0], [1.0, 4.0, 5.0, 20.0]])
    np.testing.assert_array_equal(take_columns(rows, pairs), Z)
    np.testing.assert_array_equal(add_products(Z, NO_PAIRS), rows[:, :3])
    np.testing.assert_array_equal(take_columns(rows[:, :3], NO_PAIRS), Z)
