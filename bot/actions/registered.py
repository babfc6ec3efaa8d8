"""The actions that run in this process. A full Rasa finds them by itself."""

from rasa_sdk import Action

from bot.actions.accounts import ActionSendPasswordReset, ValidatePasswordResetForm
from bot.actions.leaving import ActionForgetForm
from bot.actions.orders import ActionAskOrderNumber, ActionOrderStatus, ValidateOrderStatusForm
from bot.actions.returns import ActionStartReturn, ValidateReturnForm
from bot.actions.tickets import ActionTicketStatus, ValidateTicketStatusForm

ACTIONS: tuple[type[Action], ...] = (
    ActionAskOrderNumber,
    ActionForgetForm,
    ActionOrderStatus,
    ActionSendPasswordReset,
    ActionStartReturn,
    ActionTicketStatus,
    ValidateOrderStatusForm,
    ValidatePasswordResetForm,
    ValidateReturnForm,
    ValidateTicketStatusForm,
)
