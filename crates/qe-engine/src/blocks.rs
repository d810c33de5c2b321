//! Daily returns by calendar blocks: count, sum, sum of squares and least, for each of B blocks of days.
//!
//! Two kilobytes a point stand for its whole curve where only sums over stretches of time are asked for: the probability of
//! backtest overfitting, the effective number of trials, scores of windows. Blocks are cut from the days of the market, so all
//! points of a sweep have the same. What does not fit into the budget goes to a file of plain numbers, in order.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Blocks where nothing else is asked for.
pub const N_BLOCKS: usize = 64;

/// One block of one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// How many daily returns.
    pub n: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_sq: f64,
    /// The least; infinite where there are none.
    pub min: f64,
}

impl Block {
    /// No returns.
    pub const EMPTY: Self = Self { n: 0.0, sum: 0.0, sum_sq: 0.0, min: f64::INFINITY };

    /// Two blocks as one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            sum: self.sum + other.sum,
            sum_sq: self.sum_sq + other.sum_sq,
            min: self.min.min(other.min),
        }
    }

    /// Its four numbers.
    fn numbers(self) -> [f64; 4] {
        [self.n, self.sum, self.sum_sq, self.min]
    }
}

/// Where the days of `n_days` fall into `n_blocks`: the first day of each, and the end. Blocks differ by a day at most.
pub fn edges(n_days: usize, n_blocks: usize) -> Vec<usize> {
    (0..=n_blocks).map(|b| b * n_days / n_blocks.max(1)).collect()
}

/// The blocks of one point's daily returns.
pub fn blocks(daily: &[f64], edges: &[usize]) -> Vec<Block> {
    let one = |days: &[f64]| {
        let [sum, sum_sq] = qe_core::stats::sums_by(days, |r| [r, r * r]);
        let min = days.iter().copied().fold(f64::INFINITY, f64::min);
        Block { n: days.len() as f64, sum, sum_sq, min }
    };
    edges.windows(2).map(|w| one(&daily[w[0].min(daily.len())..w[1].min(daily.len())])).collect()
}

/// The blocks of many points, in order: in memory as far as they fit, beyond that in a file.
#[derive(Debug)]
pub struct BlockStats {
    n_blocks: usize,
    max_bytes: usize,
    kept: Vec<f64>,
    /// Where points go that do not fit, and how many are there.
    spill: Option<PathBuf>,
    file: Option<BufWriter<File>>,
    n_spilled: usize,
    ids: Vec<u64>,
}

impl BlockStats {
    /// Room for points of so many blocks: at most `max_bytes` in memory, what is beyond in the file `spill`, which is made
    /// when it is needed, and must not be there before.
    ///
    /// # Errors
    /// When there are to be no blocks.
    pub fn new(n_blocks: usize, max_bytes: usize, spill: Option<&Path>) -> Result<Self> {
        if n_blocks == 0 {
            return Err(Error::Spec {
                field: "n_blocks".into(),
                reason: "it is 0".into(),
                mend: format!("give 1 or more; {N_BLOCKS} is usual"),
            });
        }
        Ok(Self {
            n_blocks,
            max_bytes,
            kept: Vec::new(),
            spill: spill.map(Path::to_path_buf),
            file: None,
            n_spilled: 0,
            ids: Vec::new(),
        })
    }

    /// How many blocks a point has.
    pub fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The points, in order.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// How many points are in the file.
    pub fn n_spilled(&self) -> usize {
        self.n_spilled
    }

    /// Takes a point.
    ///
    /// # Errors
    /// When it has another number of blocks; when it does not fit and there is no file, or the file cannot be written.
    pub fn push(&mut self, id: u64, blocks: &[Block]) -> Result<()> {
        if blocks.len() != self.n_blocks {
            return Err(
                self.fault(format!("point {id} has {} blocks, not {}", blocks.len(), self.n_blocks), "cut alike")
            );
        }
        let numbers = blocks.iter().flat_map(|b| b.numbers());
        let fits = (self.kept.len() + 4 * self.n_blocks) * 8 <= self.max_bytes;
        if fits && self.n_spilled == 0 {
            self.kept.extend(numbers);
            self.ids.push(id);
            return Ok(());
        }
        if self.file.is_none() {
            let Some(path) = &self.spill else {
                let reason = format!("{} points fill the {} bytes that are allowed", self.ids.len(), self.max_bytes);
                return Err(self.fault(reason, "allow more, or name a file for the rest"));
            };
            let made =
                File::create_new(path).map_err(|e| self.fault(e.to_string(), "name a file that is not there yet"))?;
            self.file = Some(BufWriter::new(made));
        }
        if let Some(file) = &mut self.file {
            let written = numbers.map(f64::to_le_bytes).try_for_each(|bytes| file.write_all(&bytes));
            written.map_err(|e| self.fault(e.to_string(), "make room on the disk"))?;
        }
        self.n_spilled += 1;
        self.ids.push(id);
        Ok(())
    }

    /// The blocks of each point, in order, whether they are in memory or in the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn each(&mut self, mut take: impl FnMut(u64, &[Block])) -> Result<()> {
        let n = 4 * self.n_blocks;
        let block = |x: &[f64]| Block { n: x[0], sum: x[1], sum_sq: x[2], min: x[3] };
        let mut blocks = Vec::with_capacity(self.n_blocks);
        for (id, numbers) in self.ids.iter().zip(self.kept.chunks_exact(n)) {
            blocks.clear();
            blocks.extend(numbers.chunks_exact(4).map(block));
            take(*id, &blocks);
        }
        if self.n_spilled == 0 {
            return Ok(());
        }
        if let Some(file) = &mut self.file {
            file.flush().map_err(|e| self.fault(e.to_string(), "make room on the disk"))?;
        }
        let path = self.spill.clone().unwrap_or_default();
        let unread = |e: std::io::Error| self.fault(e.to_string(), "leave the file alone while it is in use");
        let mut file = File::open(path).map_err(unread)?;
        file.seek(SeekFrom::Start(0)).map_err(unread)?;
        let mut bytes = vec![0_u8; 8 * n];
        let in_file = self.ids.len() - self.n_spilled;
        for id in &self.ids[in_file..] {
            file.read_exact(&mut bytes).map_err(unread)?;
            let numbers: Vec<f64> =
                bytes.chunks_exact(8).map(|b| b.try_into().map_or(f64::NAN, f64::from_le_bytes)).collect();
            blocks.clear();
            blocks.extend(numbers.chunks_exact(4).map(block));
            take(*id, &blocks);
        }
        Ok(())
    }

    fn fault(&self, reason: String, mend: &str) -> Error {
        let place = self.spill.as_ref().map_or_else(|| "block statistics".to_owned(), |p| p.display().to_string());
        Error::Market { place, reason, mend: mend.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_tell_the_moments_of_the_whole() {
        let daily: Vec<f64> = (0..1000).map(|i| f64::from(i * 37 % 101) / 1e4 - 0.005).collect();
        let edges = edges(daily.len(), 64);
        assert_eq!((edges[0], edges[64]), (0, 1000));
        assert!(edges.windows(2).all(|w| (15..=16).contains(&(w[1] - w[0]))));
        let all = blocks(&daily, &edges).into_iter().fold(Block::EMPTY, Block::and);
        let sum: f64 = daily.iter().sum();
        assert!((all.sum - sum).abs() < 1e-13 && all.n == 1000.0);
        assert_eq!(all.min, daily.iter().copied().fold(f64::INFINITY, f64::min));
        // Fewer days than blocks: some are empty.
        let few = blocks(&daily[..3], &super::edges(3, 64));
        assert_eq!(few.iter().map(|b| b.n).sum::<f64>(), 3.0);
        assert_eq!(few.iter().filter(|b| b.n == 0.0).count(), 61);
    }

    #[test]
    fn what_does_not_fit_goes_to_a_file_and_comes_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.raw");
        let point = |i: u64| -> Vec<Block> {
            (0..4).map(|b| Block { n: i as f64, sum: b as f64, sum_sq: 0.5, min: -1.0 }).collect()
        };
        // Four blocks of four numbers are 128 bytes: three points fit.
        let mut stats = BlockStats::new(4, 400, Some(&path)).unwrap();
        (0..10).for_each(|i| stats.push(100 + i, &point(i)).unwrap());
        assert_eq!((stats.len(), stats.n_spilled()), (10, 7));
        let mut seen = vec![];
        stats.each(|id, blocks| seen.push((id, blocks.to_vec()))).unwrap();
        let expected: Vec<_> = (0..10).map(|i| (100 + i, point(i))).collect();
        assert_eq!(seen, expected);
        // More may come after it was read.
        stats.push(110, &point(10)).unwrap();
        let mut n = 0;
        stats.each(|_, _| n += 1).unwrap();
        assert_eq!(n, 11);
    }

    #[test]
    fn no_room_and_no_file_is_an_error_and_an_old_file_is_kept() {
        let mut stats = BlockStats::new(4, 100, None).unwrap();
        let text = stats.push(1, &[Block::EMPTY; 4]).unwrap_err().to_string();
        assert!(text.contains("name a file"), "{text}");
        assert!(stats.push(1, &[Block::EMPTY; 3]).is_err());
        assert!(BlockStats::new(0, 100, None).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.txt");
        std::fs::write(&path, "precious").unwrap();
        let mut stats = BlockStats::new(4, 0, Some(&path)).unwrap();
        assert!(stats.push(1, &[Block::EMPTY; 4]).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
