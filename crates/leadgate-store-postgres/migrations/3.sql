-- Version 3: the index that programs of version 1 look for repeats in goes, once none of them is connected.
DROP INDEX inbox_dedupe;
