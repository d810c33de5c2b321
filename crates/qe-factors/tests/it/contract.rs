//! Every indicator keeps the contract.

use qe_factors::indicators::ALL;
use qe_factors::testing::check_indicator;

#[test]
fn every_indicator_keeps_the_contract() {
    for signature in ALL {
        check_indicator(signature);
    }
}
