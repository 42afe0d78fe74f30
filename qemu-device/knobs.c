/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault knobs: properties that a test sets at run time with qom-set. Counters count down as
 * they strike; switches stay until they are cleared. SPEC.md 11 lists them.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "device.h"

/* Before realize there is nothing yet that could be disturbed. */
static bool coffer_fault_live(CofferState *s)
{
    return s->work != NULL;
}

static bool coffer_get_stall(Object *obj, Error **errp)
{
    return COFFER(obj)->fault.stall;
}

static void coffer_set_stall(Object *obj, bool value, Error **errp)
{
    CofferState *s = COFFER(obj);

    s->fault.stall = value;
    if (coffer_fault_live(s)) {
        coffer_schedule(s);
    }
}

static bool coffer_get_link_loss(Object *obj, Error **errp)
{
    return COFFER(obj)->fault.link_loss;
}

static void coffer_set_link_loss(Object *obj, bool value, Error **errp)
{
    CofferState *s = COFFER(obj);

    if (value != s->fault.link_loss && coffer_fault_live(s)) {
        coffer_controller_reset(s, value ? "link lost" : "link is back");
    }
    s->fault.link_loss = value;
}

static bool coffer_get_fw_panic(Object *obj, Error **errp)
{
    return COFFER(obj)->fault.fw_panic;
}

static void coffer_set_fw_panic(Object *obj, bool value, Error **errp)
{
    CofferState *s = COFFER(obj);

    s->fault.fw_panic = value;
    if (value && coffer_fault_live(s) && coffer_running(s)) {
        coffer_set_fatal(s, COFFER_FATAL_FIRMWARE);
    }
}

static bool coffer_get_fatal(Object *obj, Error **errp)
{
    return false;
}

static void coffer_set_fatal_knob(Object *obj, bool value, Error **errp)
{
    CofferState *s = COFFER(obj);

    if (value && coffer_fault_live(s) && coffer_running(s)) {
        coffer_set_fatal(s, COFFER_FATAL_INJECTED);
    }
}

static bool coffer_get_all_ones(Object *obj, Error **errp)
{
    return COFFER(obj)->fault.all_ones;
}

static void coffer_set_all_ones(Object *obj, bool value, Error **errp)
{
    COFFER(obj)->fault.all_ones = value;
}

static void coffer_get_evil(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &COFFER(obj)->fault.evil_seed, errp);
}

static void coffer_set_evil(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
    uint32_t seed;

    if (visit_type_uint32(v, name, &seed, errp)) {
        coffer_evil_seed(COFFER(obj), seed);
    }
}

/* The tamper input is a pulse: only the firmware's TAMPER_CLEAR takes it back. */
static bool coffer_get_tamper(Object *obj, Error **errp)
{
    CofferState *s = COFFER(obj);

    return s->card && coffer_card_tampered(s->card);
}

static void coffer_set_tamper(Object *obj, bool value, Error **errp)
{
    CofferState *s = COFFER(obj);

    if (!value) {
        return;
    }
    if (!s->card) {
        error_setg(errp, "coffer: there is no card to tamper with");
        return;
    }
    coffer_card_tamper(s->card);
}

/* A pulse, too, that leaves nothing to be read but an empty card. */
static void coffer_set_decommission(Object *obj, bool value, Error **errp)
{
    CofferState *s = COFFER(obj);

    if (!value) {
        return;
    }
    if (!s->card) {
        error_setg(errp, "coffer: there is no card to decommission");
    } else if (!coffer_card_decommission(s->card)) {
        error_setg(errp, "coffer: HSM policy 46 disables decommissioning");
    }
}

void coffer_knobs_init(Object *obj)
{
    CofferFaults *f = &COFFER(obj)->fault;
    const ObjectPropertyFlags rw = OBJ_PROP_FLAG_READWRITE;

    object_property_add_uint32_ptr(obj, "fault-drop-irq", &f->drop_irq, rw);
    object_property_add_uint32_ptr(obj, "fault-wrong-phase", &f->wrong_phase, rw);
    object_property_add_uint32_ptr(obj, "fault-wrong-tag", &f->wrong_tag, rw);
    object_property_add_uint32_ptr(obj, "fault-short-dma", &f->short_dma, rw);
    object_property_add_uint32_ptr(obj, "fault-slow-ms", &f->slow_ms, rw);
    object_property_add_bool(obj, "fault-stall", coffer_get_stall, coffer_set_stall);
    object_property_add_bool(obj, "fault-all-ones", coffer_get_all_ones, coffer_set_all_ones);
    object_property_add_bool(obj, "fault-link-loss", coffer_get_link_loss, coffer_set_link_loss);
    object_property_add_bool(obj, "fault-fw-panic", coffer_get_fw_panic, coffer_set_fw_panic);
    object_property_add_bool(obj, "fault-fatal", coffer_get_fatal, coffer_set_fatal_knob);
    object_property_add_bool(obj, "tamper", coffer_get_tamper, coffer_set_tamper);
    object_property_add_bool(obj, "decommission", NULL, coffer_set_decommission);
    object_property_add(obj, "fault-evil", "uint32", coffer_get_evil, coffer_set_evil, NULL, NULL);
    object_property_add_uint64_ptr(obj, "evil-completions", &f->evil_completions,
                                   OBJ_PROP_FLAG_READ);
    object_property_add_alias(obj, "evil", obj, "fault-evil");
}
