//! Pages from outside: what they say of runs worked out by hand, how they are built, and what hostile input makes of
//! them.

mod browser;
mod checker;
mod front;
mod hostile;
mod made;
mod run;
mod style;
mod sweep;
