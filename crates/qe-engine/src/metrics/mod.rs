//! What a run came to: some forty figures, one file each.
