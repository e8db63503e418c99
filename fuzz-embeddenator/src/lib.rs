//! What the fuzz targets share: checksums that are made to fit, so that what lies behind them is reached.

pub mod seal;
