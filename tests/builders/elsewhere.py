"""A second device for PyTorch, on a machine that has none.

Its tensors lie on the processor and nobody may know: an operation that is given tensors of both devices fails, as it
does with those of a GPU. So a training that runs ``elsewhere`` leaves nothing behind.
"""

from typing import Self

import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._pytree import tree_leaves, tree_map

ELSEWHERE = "elsewhere"
_ATEN = torch.ops.aten
_TRANSFERS = (_ATEN.copy_.default, _ATEN._to_copy.default)


class MixedDevicesError(RuntimeError):
    """An operation was given tensors of both devices."""


class _There(Tensor):
    """A tensor of the second device, and the one of the processor that ``held`` its values all along."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> Self:
        there = Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(ELSEWHERE, 0),
        )
        there.held = held
        return there

    def __reduce_ex__(self, protocol):
        """In a file a tensor has no device: one says where to when reading it."""
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, func, _types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        left = [one for one in tensors if not isinstance(one, _There) and one.ndim]  # numbers may lie anywhere
        if left and func not in _TRANSFERS:
            raise MixedDevicesError(f"{func} is given a tensor {tuple(left[0].shape)} that was left on the processor")
        comes = func is _ATEN._to_copy.default and torch.device(kwargs.get("device") or ELSEWHERE).type == "cpu"
        comes |= func is _ATEN.copy_.default and not isinstance(args[0], _There)
        given = {id(one.held): one for one in tensors if isinstance(one, _There)}  # what is changed in place stays one
        told = func(*tree_map(_held, args), **tree_map(_held, kwargs))
        if any(one.held.shape != one.shape for one in given.values()):
            raise NotImplementedError(f"{func} changes the shape of what it writes to: make it in set_up, as arange")
        return told if comes else tree_map(lambda one: given.get(id(one), _there(one)), told)


def _held(value):
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return value.held if isinstance(value, _There) else value


def _copied(source, target, _non_blocking=False):  # noqa: FBT002 - PyTorch's
    _held(target).copy_(_held(source))
    return target


def _there(value):
    return _There(value) if isinstance(value, Tensor) else value


class _Backend(backend_registration._DummyBackendModule):
    def get_amp_supported_dtype(self):
        return [torch.bfloat16]


def set_up() -> list[torch.library.Library]:
    """Makes the device known to this process, which cannot forget it; it is there while what is returned is kept."""
    backend_registration._setup_privateuseone_for_python_backend(ELSEWHERE, backend_module=_Backend())
    made = torch.library.Library("aten", "IMPL")
    for name in ("empty.memory_format", "empty_strided", "arange", "arange.start", "arange.start_step", "eye"):
        operation, overload = (*name.split("."), "default")[:2]
        make = getattr(getattr(_ATEN, operation), overload)

        def elsewhere(*args, make=make, **kwargs):
            return _There(make(*args, **kwargs | {"device": torch.device("cpu")}))

        made.impl(name, elsewhere, "PrivateUse1")
    made.impl("_copy_from", _copied, "PrivateUse1")  # of numbers that a tensor is made of
    as_it_is = torch.library.Library("_", "IMPL", "AutocastPrivateUse1")
    as_it_is.fallback(torch.library.fallthrough_kernel)
    return [made, as_it_is]
