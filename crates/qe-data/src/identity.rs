//! To come.
use qe_core::columns::Columns;
use qe_core::time::Timestamp;
use crate::error::Result;
/// x
#[derive(Debug, Clone)]
pub struct DataIdentity;
/// x
#[derive(Debug)]
pub struct IdentityBuilder;
impl IdentityBuilder {
    /// x
    pub fn new(_: String) -> Self { Self }
    /// x
    pub fn push(&mut self, _: &str, _: &Columns) -> Result<()> { Ok(()) }
    /// x
    pub fn finish(self, _: Option<String>, _: Option<Timestamp>) -> Result<DataIdentity> { Ok(DataIdentity) }
}
