//! The files under `deploy/`, and what platforms ask of the binary.
