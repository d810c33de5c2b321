//! Statistics: free functions on slices, one leaf a file. This is the list of leaves.
//!
//! | leaf | what |
//! |---|---|
//! | `bootstrap` | resampled row numbers, and how long their blocks should be |
//! | `hac` | long-run variance, the error of a mean of dependent data, autocorrelations |
//! | `moments` | mean, variance, skewness, kurtosis |
//! | `multiple` | p-values after many looks |
//! | `permutation` | p-values by reshuffling |
//! | `quantile` | quantiles, median, MAD |
//! | `ranks` | ranks; Pearson, Spearman, Kendall |
//! | `special` | incomplete beta and gamma functions (not public) |
//! | `sum` | sums in one fixed order |
//! | `tails` | distributions: tails and quantiles |

pub mod bootstrap;
#[cfg(test)]
pub(crate) mod golden;
pub mod hac;
pub mod moments;
pub mod multiple;
pub mod permutation;
pub mod quantile;
pub mod ranks;
pub(crate) mod special;
pub mod sum;
pub mod tails;

pub use bootstrap::{BlockLength, Resampling, optimal_block_length};
pub use hac::{HacLag, HacMean, autocorrelations, hac_mean, long_run_variance};
pub use moments::{
    ExcessKurtosis, Moments, RawKurtosis, kurtosis_population, kurtosis_sample, mean, skew_population, skew_sample,
    std, var,
};
pub use multiple::{Adjustment, adjust, benjamini_hochberg, benjamini_yekutieli, bonferroni, holm, sidak};
pub use permutation::{Permutation, PermutationTest, Side, mean_difference_test, permutation_test};
pub use quantile::{MAD_TO_STD, mad, median, present, quantile, quantile_sorted, quantiles};
pub use ranks::{Ties, kendall, pearson, ranks, spearman};
pub use sum::{Terms, dot, pair_sums_by, sum, sum_by, sums_by, sums_of};
pub use tails::{
    binomial_at_least, binomial_sf, chi2_cdf, chi2_ppf, chi2_sf, f_cdf, f_ppf, f_sf, normal_cdf, normal_isf,
    normal_pdf, normal_ppf, normal_sf, student_t_cdf, student_t_ppf, student_t_sf,
};
