/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the versions of QEMU that this device builds in (7.2 and later).
 */
#ifndef COFFER_COMPAT_H
#define COFFER_COMPAT_H

#include "hw/pci/pci.h"
#include "hw/qdev-properties.h"
#if QEMU_VERSION_MAJOR >= 8
#include "hw/pci/pci_device.h"
#endif

#define COFFER_QEMU_VERSION (QEMU_VERSION_MAJOR * 100 + QEMU_VERSION_MINOR)

/* The system emulator's headers moved in 10.0. */
#if COFFER_QEMU_VERSION >= 1000
#include "system/dma.h"
#else
#include "sysemu/dma.h"
#endif

/* Properties became constant and lost their end mark in 10.0. */
#if COFFER_QEMU_VERSION >= 1000
#define COFFER_PROPERTIES(name, ...) static const Property name[] = { __VA_ARGS__ }
#else
#define COFFER_PROPERTIES(name, ...) \
    static Property name[] = { __VA_ARGS__, DEFINE_PROP_END_OF_LIST() }
#endif

/* Class data became constant in 10.1. */
#if COFFER_QEMU_VERSION >= 1001
typedef const void CofferClassData;
typedef const InterfaceInfo CofferInterface;
#else
typedef void CofferClassData;
typedef InterfaceInfo CofferInterface;
#endif

static inline void coffer_class_set_reset(DeviceClass *dc, void (*reset)(DeviceState *dev))
{
#if COFFER_QEMU_VERSION >= 902
    device_class_set_legacy_reset(dc, reset);
#else
    dc->reset = reset;
#endif
}

#endif
