using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>What the routes of enrolment are.</summary>
internal static class EnrolmentRoutes
{
    public static void MapEnrolment(this IEndpointRouteBuilder api)
    {
        var routes = api.MapGroup("/provisioning").WithTags("Provisioning");
        routes.MapGet("/groups", EnrolmentGroups.ListAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("ListEnrolmentGroups")
            .WithSummary("Enrolment groups, without their keys").Produces<Page<EnrolmentGroupInfo>>();
        routes.MapPut("/groups/{name}", EnrolmentGroups.PutAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("PutEnrolmentGroup")
            .WithSummary("Makes an enrolment group, with its key shown once, or changes whom one lets in").Accepts<PutEnrolmentGroup>("application/json").Produces<EnrolmentGroupSecret>()
            .Produces<EnrolmentGroupSecret>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status409Conflict);
        routes.MapPost("/groups/{name}/key", EnrolmentGroups.RenewKeyAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("RenewEnrolmentKey")
            .WithSummary("A new key of the group, shown once; with the old one nobody enrols any more").Produces<EnrolmentGroupSecret>().ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapDelete("/groups/{name}", EnrolmentGroups.DeleteAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("DeleteEnrolmentGroup")
            .WithSummary("Removes an enrolment group; devices that came by it stay").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapGet("/groups/{name}/endorsement-keys", EndorsementKeys.ListAsync).Requires(Permission.DevicesProvision).AcceptsOnly("cursor", "limit").WithName("ListEndorsementKeys")
            .WithSummary("TPMs that a group lets in").Produces<Page<EndorsementKeyInfo>>().ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapPost("/groups/{name}/endorsement-keys", EndorsementKeys.AddAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("AddEndorsementKeys")
            .WithSummary("Lets devices in by the endorsement keys of their TPMs, all or none").Accepts<AddEndorsementKeys>("application/json").Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        routes.MapDelete("/groups/{name}/endorsement-keys/{registration}", EndorsementKeys.RemoveAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("RemoveEndorsementKey")
            .WithSummary("Lets a TPM in no more; the device that came by it stays").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapPost("/tpm/challenges", TpmEnrol.AskAsync).IsOpen("only the TPM with the endorsement key can open the answer").AddEndpointFilter<RouteHandlerBuilder, EnrolLimit>().WithName("AskTpmChallenge")
            .WithSummary("A challenge that only the TPM with this endorsement key can answer").Accepts<AskTpmChallenge>("application/json").Produces<TpmChallenge>()
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status429TooManyRequests);
        routes.MapPost("/tpm/enroll", TpmEnrol.EnrolAsync).IsOpen("the opened challenge and the signature are the proof; the endpoint checks them").AddEndpointFilter<RouteHandlerBuilder, EnrolLimit>().WithName("EnrolByTpm")
            .WithSummary("A device answers its challenge, and is registered").Accepts<AnswerTpmChallenge>("application/json").Produces<EnrolledDevice>().Produces<EnrolledDevice>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status429TooManyRequests);
        routes.MapPost("/hook-key", EnrolmentGroups.RenewHookKeyAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("RenewHookKey")
            .WithSummary("A new key with which allocation hooks are signed, shown once").Produces<HookKey>();
        routes.MapGet("/approvals", Approvals.ListAsync).Requires(Permission.DevicesProvision).AcceptsOnly("state").WithName("ListApprovals")
            .WithSummary("Devices that wait for a person's yes").Produces<Page<ApprovalInfo>>();
        routes.MapPost("/approvals/{id}", Approvals.DecideAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("DecideApproval")
            .WithSummary("Says yes or no to a device that waits").Accepts<DecideApproval>("application/json").Produces<ApprovalInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapPost("/enroll", Enrol.HandleAsync).IsOpen("the signature is the proof; the endpoint checks it").AddEndpointFilter<RouteHandlerBuilder, EnrolLimit>().WithName("Enrol")
            .WithSummary("A device proves its key of an enrolment group, and is registered").Accepts<EnrolRequest>("application/json").Produces<EnrolledDevice>().Produces<EnrolledDevice>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status429TooManyRequests);
    }
}
