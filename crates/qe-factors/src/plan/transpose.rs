//! Matrices the other way round: from a row for each symbol to a row for each time, and back.

/// Tiles of so many rows and columns: a column of numbers in a tile is a line of the cache.
const TILE: usize = 8;

/// A matrix that stands in a larger one: the memory from its first number on, and how far apart its rows begin.
pub(super) type Rows<M> = (M, usize);

/// Writes the columns of a matrix of `n_rows` rows as the `n_columns` rows of another.
pub(super) fn transpose(from: Rows<&[f64]>, (n_rows, n_columns): (usize, usize), to: Rows<&mut [f64]>) {
    let ((from, from_stride), (to, to_stride)) = (from, to);
    for row in (0..n_rows).step_by(TILE) {
        for column in (0..n_columns).step_by(TILE) {
            let (rows, columns) = (TILE.min(n_rows - row), TILE.min(n_columns - column));
            let (from, to) = (&from[row * from_stride + column..], &mut to[column * to_stride + row..]);
            if rows == TILE && columns == TILE {
                whole_tile(from, from_stride, to, to_stride);
                continue;
            }
            for r in 0..rows {
                for c in 0..columns {
                    to[c * to_stride + r] = from[r * from_stride + c];
                }
            }
        }
    }
}

#[inline]
fn whole_tile(from: &[f64], from_stride: usize, to: &mut [f64], to_stride: usize) {
    let mut tile = [[0.0; TILE]; TILE];
    for (r, row) in tile.iter_mut().enumerate() {
        row.copy_from_slice(&from[r * from_stride..][..TILE]);
    }
    for c in 0..TILE {
        let column: [f64; TILE] = std::array::from_fn(|r| tile[r][c]);
        to[c * to_stride..][..TILE].copy_from_slice(&column);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_place_and_nothing_else_is_touched() {
        for (n_rows, n_columns) in [(0, 3), (1, 1), (8, 8), (7, 19), (20, 9), (16, 24)] {
            let (from_stride, to_stride) = (n_columns + 2, n_rows + 3);
            let from: Vec<f64> = (0..n_rows * from_stride).map(|i| i as f64).collect();
            let mut to = vec![-1.0; n_columns * to_stride];
            transpose((&from, from_stride), (n_rows, n_columns), (&mut to, to_stride));
            for (i, v) in to.iter().enumerate() {
                let (c, r) = (i / to_stride, i % to_stride);
                assert_eq!(*v, if r < n_rows { from[r * from_stride + c] } else { -1.0 });
            }
        }
    }
}
