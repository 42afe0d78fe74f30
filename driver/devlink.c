// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card as a devlink instance: what it is, new firmware for it, starting it anew. Health
 * reporters are in health.c.
 *
 * Firmware that is flashed is staged (stage.c): the host's administrator brings it, and the
 * card's HSM SO decides. Nothing here has more rights on the card than a process without a login.
 */
#include <linux/firmware.h>
#include <net/devlink.h>

#include "coffer.h"
#include "compat.h"

static struct coffer_dev *coffer_of(struct devlink *devlink)
{
	return *(struct coffer_dev **)devlink_priv(devlink);
}

/* @why: lives as long as the module. NL_SET_ERR_MSG() takes literals only. */
static void coffer_explain(struct netlink_ext_ack *extack, const char *why)
{
	if (extack)
		extack->_msg = why;
}

/* ---- info ----------------------------------------------------------------------------- */

static void coffer_version_text(u32 version, char *to, size_t size)
{
	snprintf(to, size, "%u.%u.%u", version >> 16 & 0xff, version >> 8 & 0xff, version & 0xff);
}

/* A string of the card's, which may say what it likes. */
static void coffer_printable(const char *from, size_t len, char *to)
{
	size_t i;

	for (i = 0; i < len && from[i]; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = 0;
}

/* What only the card can tell; nothing while it cannot be asked. */
static int coffer_info_board(struct coffer_dev *cd, struct devlink_info_req *req)
{
	struct coffer_card_info info;
	char text[sizeof(info.model) + 1];
	int rc;

	if (coffer_own_identify(cd, &info))
		return 0;
	coffer_printable(info.model, sizeof(info.model), text);
	rc = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_BOARD_ID, text);
	if (rc)
		return rc;
	coffer_printable(info.profile, sizeof(info.profile), text);
	return devlink_info_version_running_put(req, "fw.profile", text);
}

static int coffer_info_versions(struct coffer_dev *cd, struct devlink_info_req *req)
{
	u32 running = READ_ONCE(cd->fw_version);
	char text[24];
	int rc;

	snprintf(text, sizeof(text), "%u.%u", cd->regs_version >> 16, cd->regs_version & 0xffff);
	rc = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_ASIC_REV, text);
	if (rc)
		return rc;
	coffer_version_text(running, text, sizeof(text));
	rc = devlink_info_version_running_put_ext(req, DEVLINK_INFO_VERSION_GENERIC_FW, text,
						  DEVLINK_INFO_VERSION_TYPE_COMPONENT);
	if (rc)
		return rc;
	coffer_version_text(coffer_stage_version(cd) ?: running, text, sizeof(text));
	return devlink_info_version_stored_put_ext(req, DEVLINK_INFO_VERSION_GENERIC_FW, text,
						   DEVLINK_INFO_VERSION_TYPE_COMPONENT);
}

static int coffer_info_get(struct devlink *devlink, struct devlink_info_req *req,
			   struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = coffer_of(devlink);
	char text[24];
	int rc;

	rc = devlink_info_driver_name_put(req, "coffer");
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%llu", cd->serial);
	rc = devlink_info_serial_number_put(req, text);
	if (!rc)
		rc = coffer_info_versions(cd, req);
	return rc ?: coffer_info_board(cd, req);
}

/* ---- flash ---------------------------------------------------------------------------- */

static int coffer_flash_update(struct devlink *devlink,
			       struct devlink_flash_update_params *params,
			       struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = coffer_of(devlink);
	const struct firmware *fw = params->fw;
	const char *fault;
	char text[160];
	int rc;

	devlink_flash_update_status_notify(devlink, "Checking the image", params->component, 0,
					   fw->size);
	rc = coffer_stage_put(cd, fw->data, fw->size, &fault);
	if (rc) {
		coffer_explain(extack, fault);
		return rc;
	}
	devlink_flash_update_status_notify(devlink, "Staging", params->component, fw->size,
					   fw->size);
	snprintf(text, sizeof(text),
		 "Staged: the HSM SO installs it: coffer hsm updatefw -image "
		 "/sys/class/coffer/%s/firmware", dev_name(&cd->dev));
	devlink_flash_update_status_notify(devlink, text, params->component, 0, 0);
	return 0;
}

/* ---- reload --------------------------------------------------------------------------- */

static int coffer_reload_down(struct devlink *devlink, bool netns_change,
			      enum devlink_reload_action action, enum devlink_reload_limit limit,
			      struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = coffer_of(devlink);
	int rc;

	if (netns_change) {
		NL_SET_ERR_MSG_MOD(extack, "a card stays in the first network namespace");
		return -EOPNOTSUPP;
	}
	rc = coffer_ctrl_park(cd, COFFER_WHY_USER);
	if (rc)
		coffer_explain(extack, rc == -EBUSY ?
			       "a reset of the bus or a suspend has the card" :
			       "the card is gone");
	return rc;
}

static int coffer_reload_up(struct devlink *devlink, enum devlink_reload_action action,
			    enum devlink_reload_limit limit, u32 *actions_performed,
			    struct netlink_ext_ack *extack)
{
	int rc = coffer_ctrl_unpark(coffer_of(devlink));

	if (rc) {
		NL_SET_ERR_MSG_MOD(extack, "the card did not come up");
		return rc;
	}
	*actions_performed = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT);
	return 0;
}

/* ---- The instance --------------------------------------------------------------------- */

static const struct devlink_ops coffer_devlink_ops = {
	.reload_actions			= BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT),
	.reload_down			= coffer_reload_down,
	.reload_up			= coffer_reload_up,
	.info_get			= coffer_info_get,
	.flash_update			= coffer_flash_update,
};

/* Make the instance, and show it: before the card starts, so that faults have a reporter. */
int coffer_devlink_add(struct coffer_dev *cd)
{
	struct devlink *devlink;
	int rc;

	devlink = devlink_alloc(&coffer_devlink_ops, sizeof(cd), &cd->pdev->dev);
	if (!devlink)
		return -ENOMEM;
	*(struct coffer_dev **)devlink_priv(devlink) = cd;
	rc = coffer_health_add(cd, devlink);
	if (rc) {
		devlink_free(devlink);
		return rc;
	}
	cd->devlink = devlink;
	devlink_set_features(devlink, DEVLINK_F_RELOAD);
	devlink_register(devlink);
	return 0;
}

/* The card is down, and nobody reports faults any more. Waits for whoever asks something. */
void coffer_devlink_del(struct coffer_dev *cd)
{
	if (!cd->devlink)
		return;
	devlink_unregister(cd->devlink);
	coffer_health_del(cd);
	devlink_free(cd->devlink);
	cd->devlink = NULL;
}
