"""One file per figure, with ``draw(dataset, ...) -> Figure``; `style` is shared by all."""
